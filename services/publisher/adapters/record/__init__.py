"""What anybody may read: the record as a page and as feeds, receipts and their register."""
