cat <<'END'
The last block updates the service; it takes a few seconds for each of its tasks.
END
