"""`relevome heads`: what every attention head recognises, by its attention and by its relevance."""
