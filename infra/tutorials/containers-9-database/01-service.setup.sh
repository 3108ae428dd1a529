# The server may still be making its first files.
n=0
until pg_isready -q; do
    n=$((n + 1))
    [ $n -lt 300 ] || { echo "The database server did not start."; exit 1; }
    sleep 0.2
done
