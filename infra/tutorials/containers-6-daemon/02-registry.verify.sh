if ! curl -s -m 3 localhost:5000/v2/mine/box/tags/list | grep -q '"1"'; then
    echo "The registry on port 5000 has no mine/box:1."
    exit 1
fi
echo "mine/box:1 is in your registry."
