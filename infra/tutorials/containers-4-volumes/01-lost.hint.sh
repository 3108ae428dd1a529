cat <<'END'
The volume is mounted with `-v notes:/notes`.
END
