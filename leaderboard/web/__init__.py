"""The JSON routes, uploads and the server around them."""
