"""The Debian package and the container file."""
