cat <<'END'
`docker ps -a` lists all containers, ended ones too. `docker rm -f many1` removes one whose name is in the way.
END
