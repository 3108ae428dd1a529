cat <<'END'
The commands are one block, so that `$container` is known to all of them.
END
