cat <<'END'
`podman rm alone` frees the name.
END
