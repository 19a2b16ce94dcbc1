"""What every HTTP way in shares: who may call a route, cookies, headers, language, trace number, pages."""
