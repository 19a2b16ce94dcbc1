"""The way into service and out of it, publishing, handing over."""
