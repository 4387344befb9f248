"""The variational Gaussian mixture (section 2.2): two engines, one set of parameters."""
