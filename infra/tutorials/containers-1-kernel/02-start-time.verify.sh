count=$(docker ps --filter name='^many' -q 2> /dev/null | wc -l)
if [ "$count" -lt 10 ]; then
    echo "$count containers named many1 to many10 run; ten are wanted."
    exit 1
fi
echo "Ten containers run."
