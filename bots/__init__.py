"""The platforms, one package each, and the command line that builds everything."""
