"""One module a vendor: what delivery asks of a channel, in the vendor's own terms."""
