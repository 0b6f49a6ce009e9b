"""Names that TensorFlow takes for operations."""


def operation_name(text: str) -> str:
    """A name for an operation that is as close to `text` as TensorFlow allows."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_./-") else "_" for c in text)
    return name if name[:1].isalnum() else f"v{name}"
