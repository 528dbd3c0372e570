"""The names that others build upon, as text: a change needs a line in NEWS.rst (``docs/compatibility.rst``)."""
