"""Where providers bring what citizens sent: genuine or refused, stored before the answer."""
