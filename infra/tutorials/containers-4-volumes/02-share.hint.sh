cat <<'END'
Names that are taken are freed by `docker rm -f writer reader`.
END
