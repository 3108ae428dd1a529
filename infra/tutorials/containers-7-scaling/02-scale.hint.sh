cat <<'END'
`docker service scale web=5`
END
