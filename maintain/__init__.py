"""What only maintainers run: rendering the sample pictures and packing them."""
