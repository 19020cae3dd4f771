"""What a process that reads strangers' media gives up before it reads them."""
