cat <<'END'
`docker network connect NETWORK CONTAINER` puts a running container on one more network.
END
