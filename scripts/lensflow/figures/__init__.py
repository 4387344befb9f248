"""The figures of the paper and of the report.

Every function takes arrays or paths of HDF5 and CSV files and saves one PNG (200 dpi) and one PDF
(vector). Nothing here trains a network or imports one; :mod:`lensflow.figures.style` decides how
everything looks.
"""
