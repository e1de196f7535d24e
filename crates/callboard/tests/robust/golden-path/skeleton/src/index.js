console.log('${{ values.name }} with ${{ values.database }}');
