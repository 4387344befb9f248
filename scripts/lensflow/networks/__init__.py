"""The networks: presets and their arithmetic, the builders, and their use on images."""
