"""Published formats for preferences and permissions: each one read into our uses, some written from them."""
