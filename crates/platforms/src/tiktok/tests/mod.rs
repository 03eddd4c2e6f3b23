//! TikTok as JSON in, JSON out.
