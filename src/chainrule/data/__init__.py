"""From your files to arrays."""
