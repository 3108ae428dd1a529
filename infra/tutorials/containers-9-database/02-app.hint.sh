cat <<'END'
Write the file with its block, then run it twice. `psql -c 'table visits'` shows what it noted.
END
