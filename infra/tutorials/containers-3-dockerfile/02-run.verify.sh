if ! curl -sf -m 3 localhost:8080 | grep -q Dockerfile; then
    echo "Nothing answers on port 8080 with your page."
    exit 1
fi
echo "The page is served from your image."
