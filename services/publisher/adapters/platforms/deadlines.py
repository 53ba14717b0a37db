"""How long a channel reads: an attempt has some 15 seconds in all, and what is claimed is soon another's."""

LOOK_SECONDS = 12.0
"""A look that reads several pages ends within this; what it has not seen by then it has not seen."""

FIRST_SECONDS = 8.0
"""What has to be read before a reply is written is read within this, or the reply is not written this time."""
