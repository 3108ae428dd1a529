cat <<'END'
`docker run --name pulled localhost:5000/mine/box@sha256:…`; a name that is taken is freed by `docker rm pulled`.
END
