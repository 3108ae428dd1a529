if ! curl -sf -m 3 localhost:8080 | grep -q 'Second edition'; then
    echo "Port 8080 does not serve the second edition."
    exit 1
fi
echo "The second edition is out, and the first image is still there."
