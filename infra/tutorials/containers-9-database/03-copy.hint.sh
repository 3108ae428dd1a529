cat <<'END'
`psql -f ~/visits.sql` runs the dump. It fails if the table is still there: drop it first.
END
