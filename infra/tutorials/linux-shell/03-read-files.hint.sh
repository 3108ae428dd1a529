echo 'What `grep` prints goes into a file with `>`, as what `echo` prints did.'
