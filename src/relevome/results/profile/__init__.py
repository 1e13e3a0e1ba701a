"""What `relevome profile` keeps: relevance by position around an anchor, and back."""
