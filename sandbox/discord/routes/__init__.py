"""The REST API, one module for each part of it; all of it is synchronous."""
