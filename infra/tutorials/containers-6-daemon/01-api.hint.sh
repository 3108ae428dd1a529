cat <<'END'
The two requests are create and start. A name that is taken answers 409: `docker rm byhand`.
END
