"""Services: composition and lifetimes."""
