cat <<'END'
`docker commit CONTAINER IMAGE` takes two names.
END
