"""What a local web server needs, whatever it serves: a guard, a door, a place to listen, and bodies of a known size."""
