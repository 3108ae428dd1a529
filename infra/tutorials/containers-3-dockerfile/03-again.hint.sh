cat <<'END'
Build `site:2`, remove the container `web`, and run it from `site:2`.
END
