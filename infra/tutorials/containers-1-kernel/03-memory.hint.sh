cat <<'END'
The limit is given when a container is made: `docker rm -f small`, then the last block again.
END
