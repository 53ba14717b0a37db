"""How the files of an agency become one policy, over the baseline and never under the floor."""
