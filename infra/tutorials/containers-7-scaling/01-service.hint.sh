cat <<'END'
If this machine is in a swarm already, `docker swarm leave --force` takes it out.
END
