cat <<'END'
Stop it with `docker stop -t 1 clock`, then `docker start clock`.
END
