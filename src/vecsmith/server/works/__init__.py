"""What can be asked of the server, whatever the wire format."""
