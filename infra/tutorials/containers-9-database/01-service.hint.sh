cat <<'END'
`psql -c '\d'` lists the tables. The last block of this page makes the one that is missing.
END
