cat <<'END'
If the name `web` or the port is taken: `docker rm -f web`.
END
