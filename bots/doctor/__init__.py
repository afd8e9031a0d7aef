"""`parley doctor`: is everything as it has to be, and if not, what is to be done.

A module per area; each looks at its own and knows nothing of the others.
"""
