"""What a local web server needs."""
