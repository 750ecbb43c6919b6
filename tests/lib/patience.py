"""What a slow, instrumented build changes for a test: waits are longer, and memory says nothing."""
import os


def patience(seconds):
    """How long to wait for what must come."""
    return seconds * float(os.environ.get("HEROLD_PATIENCE", "1"))


def judges_memory():
    """False where a sanitizer's allocator keeps what was freed and pads what is not."""
    return os.environ.get("HEROLD_MEMORY") != "sanitizer"
