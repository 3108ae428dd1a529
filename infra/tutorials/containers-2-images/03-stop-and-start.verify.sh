if [ "$(docker inspect -f '{{.State.Running}}' clock 2> /dev/null)" != true ]; then
    echo "The container clock does not run."
    exit 1
fi
started=$(date -d "$(docker inspect -f '{{.State.StartedAt}}' clock)" +%s)
created=$(date -d "$(docker inspect -f '{{.Created}}' clock)" +%s)
if [ $((started - created)) -lt 2 ]; then
    echo "clock was not stopped and started again yet."
    exit 1
fi
echo "clock was stopped and started again, and kept its file."
