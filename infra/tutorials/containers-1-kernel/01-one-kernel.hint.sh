cat <<'END'
Run the block of this page. If a container named `first` is there already, remove it: `docker rm first`.
END
