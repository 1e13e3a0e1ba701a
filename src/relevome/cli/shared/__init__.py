"""What commands have in common: options, what is read before anything heavy, and what is printed."""
