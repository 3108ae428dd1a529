echo 'Only the number behind `-f` differs from the block above. The result goes into a file with `>`.'
